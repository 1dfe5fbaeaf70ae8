// What a device has on its way, and the timeout after which it sends again.

import { describe, expect, test } from "vitest";
import { FLIGHT_RECORDS_MAX, Flight } from "../../shared/session/flight.ts";
import { RoundTrip } from "../../shared/session/round-trip.ts";

/** Records 0 to `count` - 1, sent 10 ms apart from 100 ms on. */
function flightOf(count: number): Flight {
  const flight = new Flight();
  for (let sequence = 0; sequence < count; sequence++) {
    flight.handleSent(sequence, 100 + 10 * sequence);
  }
  return flight;
}

describe("flight", () => {
  test("what is stored is not on its way, and the last of it measures the round trip", () => {
    const flight = flightOf(5);
    expect(flight.onTheirWay).toBe(5);
    expect(flight.oldestSentAtMs()).toBe(100);
    expect(flight.handleStored(3, 170)).toBe(50);
    expect(flight.onTheirWay).toBe(2);
    expect(flight.oldestSentAtMs()).toBe(130);
    expect(flight.handleStored(3, 180)).toBeUndefined();
    flight.handleStored(5, 200);
    expect(flight.onTheirWay).toBe(0);
    expect(flight.oldestSentAtMs()).toBeUndefined();
  });

  test("a record that was sent twice measures nothing (Karn)", () => {
    const flight = flightOf(1);
    expect(flight.markTimedOut(100)).toBe(true);
    expect(flight.firstLost()).toBe(0);
    flight.handleSent(0, 300);
    expect(flight.retransmissions).toBe(1);
    expect(flight.handleStored(1, 310)).toBeUndefined();
  });

  test("three later arrivals make an earlier record lost, two do not", () => {
    const flight = flightOf(5);
    for (const arrived of [1, 2]) flight.handleArrived(arrived);
    flight.markOvertaken(2);
    expect(flight.lost).toBe(0);
    flight.handleArrived(3);
    flight.markOvertaken(3);
    expect(flight.firstLost()).toBe(0);
    expect([flight.lost, flight.onTheirWay]).toEqual([1, 1]);
  });

  test("what was sent again after the later record is not overtaken by it", () => {
    const flight = flightOf(5);
    flight.markTimedOut(100);
    flight.handleSent(0, 500);
    flight.handleArrived(4);
    flight.markOvertaken(4);
    expect(flight.firstLost()).toBe(1);
    expect(flight.lost).toBe(1);
  });

  test("a timeout concerns only what was sent long enough ago and has not arrived", () => {
    const flight = flightOf(4);
    flight.handleArrived(0);
    expect(flight.markTimedOut(90)).toBe(false);
    expect(flight.markTimedOut(120)).toBe(true);
    expect([flight.lost, flight.onTheirWay]).toEqual([2, 1]);
    expect(flight.firstLost()).toBe(1);
  });

  test("after a change of path everything goes again, also what had arrived", () => {
    const flight = flightOf(3);
    flight.handleArrived(1);
    flight.markAllLost();
    expect([flight.lost, flight.onTheirWay, flight.firstLost()]).toEqual([3, 0, 0]);
  });

  test("places are used again: ten thousand records in flights of the largest", () => {
    const flight = new Flight();
    for (let start = 0; start < 10_000; start += FLIGHT_RECORDS_MAX) {
      for (let sequence = start; sequence < start + FLIGHT_RECORDS_MAX; sequence++)
        flight.handleSent(sequence, start);
      expect(flight.onTheirWay).toBe(FLIGHT_RECORDS_MAX);
      expect(flight.handleStored(start + FLIGHT_RECORDS_MAX, start + 7)).toBe(7);
    }
    expect([flight.onTheirWay, flight.lost, flight.retransmissions]).toEqual([0, 0, 0]);
  });

  test("acknowledgements of what is not on its way change nothing", () => {
    const flight = flightOf(2);
    flight.handleArrived(2);
    flight.handleArrived(300);
    flight.markOvertaken(300);
    expect([flight.onTheirWay, flight.lost]).toEqual([2, 0]);
  });
});

describe("round trip (RFC 6298, numbers by hand)", () => {
  test("before any measurement: 1 s", () => {
    expect(new RoundTrip().rtoMs).toBe(1_000);
  });

  test("first measurement R: SRTT = R, RTTVAR = R/2, RTO = SRTT + 4 RTTVAR", () => {
    const roundTrip = new RoundTrip();
    roundTrip.handleSample(100);
    expect(roundTrip.smoothedMs).toBe(100);
    expect(roundTrip.rtoMs).toBe(300); // 100 + 4 x 50
  });

  test("later ones: RTTVAR = 3/4 RTTVAR + 1/4 |SRTT - R|, then SRTT = 7/8 SRTT + 1/8 R", () => {
    const roundTrip = new RoundTrip();
    roundTrip.handleSample(100);
    roundTrip.handleSample(180); // RTTVAR 37.5 + 20 = 57.5; SRTT 87.5 + 22.5 = 110
    expect(roundTrip.smoothedMs).toBe(110);
    expect(roundTrip.rtoMs).toBe(340);
    roundTrip.handleSample(110); // RTTVAR 43.125; SRTT 110
    expect(roundTrip.rtoMs).toBe(282.5);
  });

  test("each timeout doubles it, up to 10 s; a measurement brings it back", () => {
    const roundTrip = new RoundTrip();
    const seen = Array.from({ length: 5 }, () => {
      roundTrip.handleTimeout();
      return roundTrip.rtoMs;
    });
    expect(seen).toEqual([2_000, 4_000, 8_000, 10_000, 10_000]);
    roundTrip.handleSample(500);
    expect(roundTrip.rtoMs).toBe(1_500);
  });

  test("never below 200 ms", () => {
    const roundTrip = new RoundTrip();
    for (let run = 0; run < 50; run++) roundTrip.handleSample(1);
    expect(roundTrip.rtoMs).toBe(200);
  });
});

// How the collector is: rates, store, what it had to turn away, what happened.

import { useContext, useEffect, useState } from "preact/hooks";
import type { EventDocument, StatusDocument } from "../../http/documents.ts";
import { api } from "../api.ts";
import { bytesText, countText, durationText, shortCount } from "../format.ts";
import type { LiveConnection } from "../live-connection.ts";
import { EventList } from "../parts/event-list.tsx";
import { Failure, Loading } from "../parts/states.tsx";
import { SpeechContext, useWords } from "../words/words.ts";

const REFRESH_MS = 2_000;

/** Events kept on the page; the store has more. */
const EVENTS_SHOWN_MAX = 200;

export function StatusPage({ live }: { readonly live: LiveConnection }) {
  const words = useWords();
  const { status, error, refresh } = useStatus(live);
  const events = useEvents(live);
  return (
    <>
      <div class="page-head">
        <h1>{words.status}</h1>
        <p class="summary">{words.statusLead}</p>
      </div>
      {status === undefined &&
        (error === undefined ? <Loading /> : <Failure error={error} retry={refresh} />)}
      {status !== undefined && <Facts status={status} />}
      <section class="card">
        <h2>{words.log}</h2>
        <p class="soft">{words.logLead}</p>
        <EventList events={events} showsDevice />
      </section>
    </>
  );
}

function Facts({ status }: { readonly status: StatusDocument }) {
  const { words } = useContext(SpeechContext);
  const { trouble } = status.store;
  return (
    <>
      {trouble === null ? (
        <p class="note note-good">{words.allWell}</p>
      ) : (
        <p class="note note-bad" role="alert">
          <strong>{words.storeTrouble}.</strong> {trouble}
        </p>
      )}
      <Tiles status={status} />
      <Limits status={status} />
    </>
  );
}

function Tiles({ status }: { readonly status: StatusDocument }) {
  const { words, language } = useContext(SpeechContext);
  const { store, live, readingsPerSecond, devicesHere, memoryBytes, uptimeSeconds } = status;
  const each = store.bytesPerReading;
  const eachText =
    each === null ? "" : each.toLocaleString(language, { maximumSignificantDigits: 3 });
  const tiles = [
    [words.tiles.rate, shortCount(readingsPerSecond, language), ""],
    [words.tiles.devices, String(devicesHere), words.ofAll(String(store.devices))],
    [words.tiles.stored, shortCount(store.readings, language), ""],
    [
      words.tiles.size,
      bytesText(store.bytes, language),
      each === null ? "" : words.perReading(eachText),
    ],
    [words.tiles.waiting, countText(store.waiting, language), ""],
    [words.tiles.memory, bytesText(memoryBytes, language), ""],
    [words.tiles.uptime, durationText(uptimeSeconds, language), ""],
    [words.tiles.watching, String(live.clients), ""],
  ];
  return (
    <dl class="tiles">
      {tiles.map(([name, value, more]) => (
        <div key={name} class="tile">
          <dt>{name}</dt>
          <dd>
            {value}
            {more !== "" && <small>{more}</small>}
          </dd>
        </div>
      ))}
    </dl>
  );
}

function Limits({ status }: { readonly status: StatusDocument }) {
  const { words, language } = useContext(SpeechContext);
  const counters: Record<string, number> = {
    ...status.counters,
    skippedTicks: status.live.skippedTicks,
  };
  return (
    <section class="card">
      <h2>{words.limits}</h2>
      <p class="soft">{words.limitsLead}</p>
      <dl class="counters">
        {Object.entries(words.counters).map(([name, text]) => (
          <div key={name} class={counters[name] === 0 ? "is-zero" : ""}>
            <dt>{text}</dt>
            <dd>{countText(counters[name] ?? 0, language)}</dd>
          </div>
        ))}
      </dl>
    </section>
  );
}

function useStatus(live: LiveConnection) {
  const [status, setStatus] = useState<StatusDocument>();
  const [error, setError] = useState<Error>();
  const refresh = () =>
    api.status().then((found) => {
      setStatus(found);
      setError(undefined);
    }, setError);
  useEffect(() => {
    void refresh();
    const timer = setInterval(() => live.state === "open" && void refresh(), REFRESH_MS);
    return () => clearInterval(timer);
  }, [live]);
  return { status, error, refresh };
}

function useEvents(live: LiveConnection): readonly EventDocument[] {
  const [events, setEvents] = useState<readonly EventDocument[]>([]);
  useEffect(() => {
    const load = () => void api.events().then(setEvents, () => undefined);
    load();
    return live.listen({
      handleMissed: load,
      handleTick: ({ events: fresh }) => {
        if (fresh.length === 0) return;
        setEvents((before) => [...[...fresh].reverse(), ...before].slice(0, EVENTS_SHOWN_MAX));
      },
    });
  }, [live]);
  return events;
}

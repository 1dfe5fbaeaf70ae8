// Bugs that are planted in the collector's end of the session, in the methods of its classes.

import { HostLink } from "../../../shared/session/host-link.ts";
import { HostSession } from "../../../shared/session/host-session.ts";
import type { Bug } from "../simulator.ts";

export const HOST_BUGS: readonly Bug[] = [
  { name: "acknowledge before commit", plant: () => plantEarlyAck(() => true) },
  { name: "acknowledge on receipt over UDP", plant: () => plantEarlyAck(carriesUdp) },
  { name: "stale datagram accepted", plant: plantTokenless },
  { name: "early records forgotten", plant: plantForgottenEarly },
  { name: "nothing acknowledged", plant: plantDeafSession },
];

function carriesUdp(session: HostSession): boolean {
  return [...session.links].some(({ traits }) => traits.kind === "udp");
}

/** What was handed to the store counts as stored. */
function plantEarlyAck(isHit: (session: HostSession) => boolean): () => void {
  const { handleRecord } = HostSession.prototype;
  HostSession.prototype.handleRecord = function (record) {
    const reception = handleRecord.call(this, record);
    if (reception === "in-order" && isHit(this)) this.handleStored(this.received);
    return reception;
  };
  return () => Object.assign(HostSession.prototype, { handleRecord });
}

/** The token of a datagram is not looked at. */
function plantTokenless(): () => void {
  const { stripToken } = HostLink.prototype;
  HostLink.prototype.stripToken = function (bytes) {
    return { ...stripToken.call(this, bytes), isCurrent: true };
  };
  return () => Object.assign(HostLink.prototype, { stripToken });
}

/** What came early, and was told of in a bitmap, is never handed on. */
function plantForgottenEarly(): () => void {
  const { pollEarly } = HostSession.prototype;
  HostSession.prototype.pollEarly = () => undefined;
  return () => Object.assign(HostSession.prototype, { pollEarly });
}

/** The store's word never reaches the session. */
function plantDeafSession(): () => void {
  const { handleStored } = HostSession.prototype;
  HostSession.prototype.handleStored = () => {};
  return () => Object.assign(HostSession.prototype, { handleStored });
}

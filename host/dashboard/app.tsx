// The frame around every page: where one is, where one can go, whether the collector answers.

import { useEffect, useMemo, useState } from "preact/hooks";
import type { DeviceList } from "./device-list.ts";
import { useDevices } from "./device-list.ts";
import type { LiveConnection, Wanted } from "./live-connection.ts";
import { DevicePage } from "./pages/device.tsx";
import { OverviewPage } from "./pages/overview.tsx";
import { ReferencePage } from "./pages/reference.tsx";
import { StatusPage } from "./pages/status.tsx";
import { ConnectionBanner } from "./parts/connection-banner.tsx";
import { Header } from "./parts/header.tsx";
import { Nothing } from "./parts/states.tsx";
import { remember } from "./remembered.ts";
import { type Route, useRoute } from "./route.ts";
import {
  firstLanguage,
  type Language,
  type Speech,
  SpeechContext,
  speechOf,
} from "./words/words.ts";

interface AppProps {
  readonly live: LiveConnection;
  readonly devices: DeviceList;
}

export function App({ live, devices }: AppProps) {
  const route = useRoute();
  const [language, setLanguage] = useState(firstLanguage);
  const speech = useMemo(() => speechOf(language), [language]);
  const device = route.page === "device" ? route.device : undefined;
  useEffect(() => live.want(wantedFor(device)), [live, device]);
  useEffect(() => {
    document.documentElement.lang = language;
    document.title = titleOf(route, speech.words);
  });
  const chooseLanguage = (chosen: Language) => {
    remember("language", chosen);
    setLanguage(chosen);
  };
  return (
    <SpeechContext.Provider value={speech}>
      <a class="skip" href="#content">
        {speech.words.skip}
      </a>
      <Header route={route} language={language} chooseLanguage={chooseLanguage} />
      <ConnectionBanner live={live} />
      <main id="content" tabIndex={-1}>
        <Page route={route} live={live} devices={devices} />
      </main>
    </SpeechContext.Provider>
  );
}

function Page({ route, live, devices }: AppProps & { readonly route: Route }) {
  const state = useDevices(devices);
  switch (route.page) {
    case "overview":
      return <OverviewPage state={state} live={live} retry={() => devices.refresh()} />;
    case "device":
      return (
        <DevicePage
          key={route.device}
          name={route.device}
          state={state}
          live={live}
          retry={() => devices.refresh()}
        />
      );
    case "status":
      return <StatusPage live={live} />;
    case "reference":
      return <ReferencePage />;
    case "nowhere":
      return <Nothing />;
  }
}

/** All values of the device that is looked at, the last ones of all otherwise. */
function wantedFor(device: string | undefined): Wanted {
  return device === undefined
    ? { devices: "all", detail: "latest" }
    : { devices: [device], detail: "points" };
}

function titleOf(route: Route, words: Speech["words"]): string {
  switch (route.page) {
    case "device":
      return `${route.device} · Senda`;
    case "status":
      return `${words.status} · Senda`;
    case "reference":
      return `${words.reference} · Senda`;
    default:
      return `${words.overview} · Senda`;
  }
}

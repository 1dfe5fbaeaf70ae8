// Whether the collector answers: said when it stops, and when it is back.

import { useEffect, useState } from "preact/hooks";
import type { LiveConnection } from "../live-connection.ts";
import { useWords } from "../words/words.ts";

/** Good news is read and goes. */
const GOOD_NEWS_MS = 6_000;

type News = "none" | "lost" | "back" | "busy";

export function ConnectionBanner({ live }: { readonly live: LiveConnection }) {
  const words = useWords();
  const [news, setNews] = useState<News>("none");
  useEffect(
    () =>
      live.listen({
        handleState: (state) => {
          if (state === "lost") setNews("lost");
          else if (state === "open") setNews((before) => (before === "lost" ? "back" : before));
        },
        handleTick: ({ skipped }) => {
          if (skipped > 0) setNews("busy");
        },
      }),
    [live],
  );
  useEffect(() => {
    if (news !== "back" && news !== "busy") return undefined;
    const timer = setTimeout(() => setNews("none"), GOOD_NEWS_MS);
    return () => clearTimeout(timer);
  }, [news]);
  return (
    <div role="status" class="news">
      {news !== "none" && <p class={`banner banner-${news}`}>{words.connection[news]}</p>}
    </div>
  );
}

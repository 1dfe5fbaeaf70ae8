// What a page shows while it has nothing to show: it loads, it failed, there is no such page.

import { useWords } from "../words/words.ts";

export function Loading() {
  const words = useWords();
  return (
    <div class="loading" role="status">
      <span class="visually-hidden">{words.loading}</span>
      <div class="skeleton" />
      <div class="skeleton" />
      <div class="skeleton" />
    </div>
  );
}

export function Failure({
  error,
  retry,
}: {
  readonly error: Error;
  readonly retry: () => unknown;
}) {
  const words = useWords();
  return (
    <div class="failure" role="alert">
      <h2>{words.failed}</h2>
      <p>{error.message}</p>
      <button type="button" class="button" onClick={() => void retry()}>
        {words.tryAgain}
      </button>
    </div>
  );
}

export function Nothing() {
  const words = useWords();
  return (
    <div class="empty">
      <h1>404</h1>
      <p>
        <a href="/">{words.toOverview}</a>
      </p>
    </div>
  );
}

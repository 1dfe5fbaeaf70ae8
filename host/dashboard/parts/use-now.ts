// The time, in whole seconds, for what says how long ago something was.

import { useEffect, useState } from "preact/hooks";

export function useNowUs(): number {
  const [nowUs, setNowUs] = useState(wholeSecondUs);
  useEffect(() => {
    const timer = setInterval(() => setNowUs(wholeSecondUs()), 1_000);
    return () => clearInterval(timer);
  }, []);
  return nowUs;
}

function wholeSecondUs(): number {
  return Math.floor(Date.now() / 1_000) * 1e6;
}

// How wide an element is, as it changes.

import { useEffect, useRef, useState } from "preact/hooks";

const WIDTH_FIRST = 800;

export function useWidth() {
  const place = useRef<HTMLDivElement>(null);
  const [width, setWidth] = useState(WIDTH_FIRST);
  useEffect(() => {
    const observer = new ResizeObserver(([entry]) => {
      if (entry !== undefined) setWidth(Math.round(entry.contentRect.width));
    });
    observer.observe(place.current!);
    return () => observer.disconnect();
  }, []);
  return { place, width };
}

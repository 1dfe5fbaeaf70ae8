// Which page the address means, and how a link goes there without loading the page anew.

import { useEffect, useState } from "preact/hooks";

export type Route =
  | { readonly page: "overview" | "status" | "reference" | "nowhere" }
  | { readonly page: "device"; readonly device: string };

function routeOf(path: string): Route {
  if (path === "/") return { page: "overview" };
  if (path === "/status") return { page: "status" };
  if (path === "/api") return { page: "reference" };
  const device = /^\/devices\/([^/]+)$/.exec(path)?.[1];
  return device === undefined ? { page: "nowhere" } : { page: "device", device: decode(device) };
}

export function devicePath(device: string): string {
  return `/devices/${encodeURIComponent(device)}`;
}

/** The present route; follows links within the page, and the browser's back and forward. */
export function useRoute(): Route {
  const [path, setPath] = useState(location.pathname);
  useEffect(() => {
    const update = () => setPath(location.pathname);
    const follow = (event: MouseEvent) => {
      const link = (event.target as Element).closest("a");
      if (link === null || !isOurs(event, link)) return;
      event.preventDefault();
      history.pushState(null, "", link.href);
      update();
      scrollTo(0, 0);
    };
    addEventListener("popstate", update);
    addEventListener("click", follow);
    return () => {
      removeEventListener("popstate", update);
      removeEventListener("click", follow);
    };
  }, []);
  return routeOf(path);
}

function isOurs(event: MouseEvent, link: HTMLAnchorElement): boolean {
  const isPlain = event.button === 0 && !event.metaKey && !event.ctrlKey && !event.shiftKey;
  const { origin, pathname, hash } = new URL(link.href);
  const isPage = origin === location.origin && routeOf(pathname).page !== "nowhere";
  return isPlain && isPage && hash === "" && !link.hasAttribute("download");
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

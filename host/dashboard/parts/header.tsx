// The name, the pages, language and theme.

import { useEffect, useState } from "preact/hooks";
import { remember, remembered } from "../remembered.ts";
import type { Route } from "../route.ts";
import { LANGUAGES, type Language, useWords } from "../words/words.ts";

interface HeaderProps {
  readonly route: Route;
  readonly language: Language;
  readonly chooseLanguage: (language: Language) => void;
}

const THEMES = ["auto", "light", "dark"] as const;

type Theme = (typeof THEMES)[number];

export function Header({ route, language, chooseLanguage }: HeaderProps) {
  const words = useWords();
  const isOverview = route.page === "overview" || route.page === "device";
  return (
    <header class="header">
      <a class="brand" href="/">
        <svg viewBox="0 0 32 32" width="26" height="26" aria-hidden="true">
          <rect width="32" height="32" rx="9" class="brand-ground" />
          <path d="M6 23c5 0 4-7 9-7s4-7 11-7" class="brand-path" />
          <circle cx="26" cy="9" r="3" class="brand-end" />
        </svg>
        Senda
      </a>
      <nav class="navigation" aria-label={words.mainNavigation}>
        <PageLink href="/" isHere={isOverview} text={words.overview} />
        <PageLink href="/status" isHere={route.page === "status"} text={words.status} />
        <PageLink href="/api" isHere={route.page === "reference"} text={words.reference} />
      </nav>
      <div class="preferences">
        <select
          aria-label={words.chooseLanguage}
          value={language}
          onChange={(event) => chooseLanguage(event.currentTarget.value as Language)}
        >
          {Object.entries(LANGUAGES).map(([code, { language: name }]) => (
            <option key={code} value={code} lang={code}>
              {name}
            </option>
          ))}
        </select>
        <ThemeChoice />
      </div>
    </header>
  );
}

function PageLink(props: {
  readonly href: string;
  readonly isHere: boolean;
  readonly text: string;
}) {
  return (
    <a href={props.href} aria-current={props.isHere ? "page" : undefined}>
      {props.text}
    </a>
  );
}

function ThemeChoice() {
  const words = useWords();
  const [theme, setTheme] = useState<Theme>(() => {
    const chosen = remembered("theme") as Theme;
    return THEMES.includes(chosen) ? chosen : "auto";
  });
  useEffect(() => {
    document.documentElement.dataset.theme = theme;
    dispatchEvent(new Event("themechange"));
  }, [theme]);
  return (
    <select
      aria-label={words.chooseTheme}
      value={theme}
      onChange={(event) => {
        const chosen = event.currentTarget.value as Theme;
        remember("theme", chosen);
        setTheme(chosen);
      }}
    >
      {THEMES.map((name) => (
        <option key={name} value={name}>
          {words.themes[name]}
        </option>
      ))}
    </select>
  );
}

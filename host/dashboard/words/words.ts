// Which language the page speaks: as chosen before, else the browser's, else English.

import { createContext } from "preact";
import { useContext } from "preact/hooks";
import { remembered } from "../remembered.ts";
import { en, type Words } from "./en.ts";
import { es } from "./es.ts";

export const LANGUAGES = { en, es } as const;

export type Language = keyof typeof LANGUAGES;

export interface Speech {
  /** With the country that the browser names, for dates and numbers. */
  readonly language: string;
  readonly words: Words;
}

export function firstLanguage(): Language {
  const chosen = remembered("language") ?? navigator.language.slice(0, 2);
  return Object.hasOwn(LANGUAGES, chosen) ? (chosen as Language) : "en";
}

export function speechOf(language: Language): Speech {
  const local = navigator.languages.find((name) => name.startsWith(language));
  return { language: local ?? language, words: LANGUAGES[language] };
}

export const SpeechContext = createContext<Speech>({ language: "en", words: en });

export function useWords(): Words {
  return useContext(SpeechContext).words;
}

// Settings for a test's firmware: these, and nothing that was changed and kept.

import { MemoryStorage } from "../../device/platform/storage.ts";
import type { Settings } from "../../device/settings.ts";
import { SettingsKeeper } from "../../device/settings-keeper.ts";

export function keeperOf(settings: Settings): SettingsKeeper {
  return new SettingsKeeper(settings, new MemoryStorage(), () => undefined);
}

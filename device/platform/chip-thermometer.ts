// The thermometer inside ESP32-S3, C3 and C6, by ESP-IDF's driver: the SDK has no class for it. It
// measures the chip, which is warmer than the air. Written against ESP-IDF 6.0
// (components/esp_driver_tsens); not yet run on a board.

export interface ThermometerDriver {
  /** Takes a temperature_sensor_config_t, fills in a handle of 4 bytes; returns 0 on success. */
  temperature_sensor_install(config: ArrayBuffer, handle: ArrayBuffer): number;
  temperature_sensor_enable(handle: number): number;
  /** Fills in a float. */
  temperature_sensor_get_celsius(handle: number, into: ArrayBuffer): number;
}

/** The driver picks the range of its converter that holds both; this one is good to 1 °C on each chip. */
const RANGE_CELSIUS = [-10, 80];

/** range_min, range_max, clk_src (0: the usual one), flags. */
const CONFIG_WORDS = 4;

/** Whether the build brought the driver: that for the other chips does not. */
export function isThermometerDriver(
  native: Partial<ThermometerDriver>,
): native is ThermometerDriver {
  return native.temperature_sensor_install !== undefined;
}

/** Installs the driver at the first reading. */
export class ChipThermometer {
  readonly #driver: ThermometerDriver;
  readonly #value = new Float32Array(1);
  #handle: number | undefined;

  constructor(driver: ThermometerDriver) {
    this.#driver = driver;
  }

  /** Degrees Celsius; undefined where the driver refuses. */
  read(): number | undefined {
    this.#handle ??= this.#install();
    if (this.#handle === undefined) return undefined;
    const into = this.#value.buffer as ArrayBuffer;
    const fault = this.#driver.temperature_sensor_get_celsius(this.#handle, into);
    return fault === 0 ? this.#value[0] : undefined;
  }

  #install(): number | undefined {
    const config = new Int32Array(CONFIG_WORDS);
    config.set(RANGE_CELSIUS);
    const handle = new Uint32Array(1);
    const [configBytes, handleBytes] = [config.buffer, handle.buffer] as ArrayBuffer[];
    if (this.#driver.temperature_sensor_install(configBytes!, handleBytes!) !== 0) return undefined;
    this.#driver.temperature_sensor_enable(handle[0]!);
    return handle[0];
  }
}

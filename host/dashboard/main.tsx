// Starts the page.

import "./styles/theme.css";
import "./styles/page.css";
import "./styles/parts.css";
import "./styles/device.css";
import "uplot/dist/uPlot.min.css";
import { render } from "preact";
import { App } from "./app.tsx";
import { DeviceList } from "./device-list.ts";
import { LiveConnection } from "./live-connection.ts";

const scheme = location.protocol === "https:" ? "wss" : "ws";
const live = new LiveConnection(`${scheme}://${location.host}/api/live`);
const devices = new DeviceList(live);

render(<App live={live} devices={devices} />, document.getElementById("app")!);

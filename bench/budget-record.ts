// `npm run budget:record`: what the firmware takes from now on is what it may take. Say why in the commit.

import { measureFirmware, measureSteps, recordBudget } from "./budget.ts";

recordBudget({ ...measureFirmware(), ...(await measureSteps()) });

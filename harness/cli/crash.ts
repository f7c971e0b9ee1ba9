#!/usr/bin/env node
/** `npx crash 1`: see help.ts. */
import { main, runAndExit } from './main.ts';

await runAndExit(() => main(process.argv.slice(2)));

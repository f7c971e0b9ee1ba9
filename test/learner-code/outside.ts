/** Rows: code that reaches for what is not in the world, or that no second run would repeat. */
import { greeter } from './greeter.ts';
import type { Row } from './rows.ts';

/** Lines that run once, after the consumer does. */
const once = (lines: string, top = ''): string => greeter({ top, running: `  ${lines}` });

export const outside: readonly Row[] = [
  {
    does: '`fetch`',
    code: once("await fetch('http://localhost:8080/greetings');"),
    reads:
      'greeter.ts:21 opens a connection to localhost:8080, which the simulation cannot ' +
      'replay. Outside systems of a chapter come as ports; what they answer is part of ' +
      'the schedule.',
    exit: 3,
    shows: ['greeter.ts:21'],
  },
  {
    does: '`http.get`',
    code: once("get('http://localhost:8080/greetings');", "import { get } from 'node:http';"),
    reads:
      'greeter.ts:21 speaks HTTP: http.get, which the simulation cannot replay. Outside ' +
      'systems of a chapter come as ports; what they answer is part of the schedule.',
    exit: 3,
    shows: ['greeter.ts:21'],
  },
  {
    does: 'a server of its own: `http.createServer`',
    code: once('createServer().listen(8080);', "import { createServer } from 'node:http';"),
    reads:
      'greeter.ts:21 speaks HTTP: http.createServer, which the simulation cannot replay. ' +
      'Outside systems of a chapter come as ports; what they answer is part of the ' +
      'schedule.',
    exit: 3,
    shows: ['greeter.ts:21'],
  },
  {
    does: 'a socket to another address: `net.connect`',
    code: once("connect(6379, 'localhost');", "import { connect } from 'node:net';"),
    reads:
      'greeter.ts:21 opens a connection to localhost:6379, which the simulation cannot ' +
      'replay. Reach outside systems through the ports that the chapter gives you.',
    exit: 3,
    shows: ['greeter.ts:21'],
  },
  {
    does: 'a `WebSocket`',
    code: once("new WebSocket('ws://localhost:8080/');"),
    reads:
      'greeter.ts:21 opens a connection to localhost:8080: new WebSocket, which the ' +
      'simulation cannot replay. Outside systems of a chapter come as ports; what they ' +
      'answer is part of the schedule.',
    exit: 3,
    shows: ['greeter.ts:21'],
  },
  {
    does: '`dns.resolve4`',
    code: once("await resolve4('example.com');", "import { resolve4 } from 'node:dns/promises';"),
    reads:
      'greeter.ts:21 asks a name server: dns.resolve4, which the simulation cannot ' +
      'replay. Outside systems of a chapter come as ports; what they answer is part of ' +
      'the schedule.',
    exit: 3,
    shows: ['greeter.ts:21'],
  },
  {
    does: 'writes a file',
    code: once("writeFileSync('seen.txt', 'm1');", "import { writeFileSync } from 'node:fs';"),
    reads:
      'greeter.ts:21 changes files: fs.writeFileSync, which the simulation cannot replay. ' +
      'Keep state in Kafka, in the database or behind a port: those are what a crash is ' +
      'judged by.',
    exit: 3,
    shows: ['greeter.ts:21'],
  },
  {
    does: 'writes a file, as a promise',
    code: once(
      "await writeFile('seen.txt', 'm1');",
      "import { writeFile } from 'node:fs/promises';",
    ),
    reads:
      'greeter.ts:21 changes files: fs.promises.writeFile, which the simulation cannot ' +
      'replay. Keep state in Kafka, in the database or behind a port: those are what a ' +
      'crash is judged by.',
    exit: 3,
    shows: ['greeter.ts:21'],
  },
  {
    does: 'reads a file outside the project',
    code: once("readFileSync('/etc/hostname');", "import { readFileSync } from 'node:fs';"),
    reads:
      'greeter.ts:21 reads /etc/hostname, a file outside the project: fs.readFile, which ' +
      'the simulation cannot replay. Put the file into the project, or give its content ' +
      'to the service.',
    exit: 3,
    shows: ['greeter.ts:21'],
  },
  {
    does: 'a child process',
    code: once("execFileSync('date');", "import { execFileSync } from 'node:child_process';"),
    reads:
      'greeter.ts:21 starts a program: child_process.execFileSync, which the simulation ' +
      'cannot replay. What another program does cannot be replayed: do it in this ' +
      'service, or through a port.',
    exit: 3,
    shows: ['greeter.ts:21'],
  },
  {
    does: 'a worker thread',
    code: once("new Worker('./work.js');", "import { Worker } from 'node:worker_threads';"),
    reads:
      'greeter.ts:21 uses threads or processes of its own: worker_threads.Worker, which ' +
      'the simulation cannot replay. A service is one thread here: run more instances of ' +
      'it.',
    exit: 3,
    shows: ['greeter.ts:21'],
  },
  {
    does: 'a `MessageChannel`',
    code: once("new MessageChannel().port1.postMessage('m1');"),
    reads:
      'greeter.ts:21 talks to another thread: new MessageChannel, which the simulation ' +
      'cannot replay. Services talk through Kafka, the database and ports.',
    exit: 3,
    shows: ['greeter.ts:21'],
  },
  {
    does: '`Atomics.wait` as a pause',
    code: once('Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 100);'),
    reads:
      'greeter.ts:21 waits for another thread: Atomics.wait, which the simulation cannot ' +
      'replay. A service is one thread here: wait with setTimeout or a promise.',
    exit: 3,
    shows: ['greeter.ts:21'],
  },
  {
    does: '`crypto.subtle.sign`',
    code: once(
      `const key = await crypto.subtle.importKey('raw', new Uint8Array(16), hmac, false, ['sign']);
  await crypto.subtle.sign('HMAC', key, new Uint8Array(1));`,
      "const hmac = { name: 'HMAC', hash: 'SHA-256' };",
    ),
    reads:
      'greeter.ts:21 works in a background thread: crypto.subtle.importKey, which the ' +
      'simulation cannot replay. Use the synchronous functions of node:crypto: ' +
      'createHmac, createSign, createCipheriv.',
    exit: 3,
    shows: ['greeter.ts:21'],
  },
  {
    does: '`WebAssembly.compile`',
    code: once('await WebAssembly.compile(new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0]));'),
    reads:
      'greeter.ts:21 compiles in a background thread: WebAssembly.compile, which the ' +
      'simulation cannot replay. Use new WebAssembly.Module and new WebAssembly.Instance, ' +
      'which answer at once.',
    exit: 3,
    shows: ['greeter.ts:21'],
  },
  {
    does: 'a module by a name that is made while it runs: `import(name)`',
    code: once(`const name = './settings.ts';
  await import([name].join(''));`),
    files: { 'settings.ts': 'export const port = 1;\n' },
    reads:
      'greeter.ts:22 loads a file by a name made while it runs: ./settings.ts, which the ' +
      'simulation cannot replay. Import it by a fixed name, so that it becomes part of ' +
      'the bundle.',
    exit: 3,
    shows: ['greeter.ts:22'],
  },
  {
    does: '`process.kill` of another process',
    code: once("process.kill(1, 'SIGTERM');"),
    reads:
      'greeter.ts:21 sends a signal to process 1: process.kill, which the simulation ' +
      'cannot replay. A service can signal itself only; to stop another one is the work ' +
      'of its schedule.',
    exit: 3,
    shows: ['greeter.ts:21'],
  },
  {
    does: '`process.chdir`',
    code: once("process.chdir('/tmp');"),
    reads:
      'greeter.ts:21 changes the working directory: process.chdir, which the simulation ' +
      'cannot replay. A service gets what it needs as arguments: kafka, database, slot ' +
      'and ports.',
    exit: 3,
    shows: ['greeter.ts:21'],
  },
  {
    does: 'code in a context of its own: `vm.runInNewContext`',
    code: once("runInNewContext('1 + 1');", "import { runInNewContext } from 'node:vm';"),
    reads:
      'greeter.ts:21 reaches into the engine: vm.runInNewContext, which the simulation ' +
      'cannot replay. Do without it: the engine is shared by all simulated processes.',
    exit: 3,
    shows: ['greeter.ts:21'],
  },
  {
    does: '`async_hooks.createHook`',
    code: once('createHook({}).enable();', "import { createHook } from 'node:async_hooks';"),
    reads:
      'greeter.ts:21 watches the whole thread: async_hooks.createHook, which the ' +
      'simulation cannot replay. AsyncLocalStorage carries values along and works here.',
    exit: 3,
    shows: ['greeter.ts:21'],
  },
  {
    does: 'an added npm package with a part in machine code',
    code: greeter({ top: "import 'native-part';" }),
    reads:
      'greeter.ts:4 imports native-part, which has a part in machine code that the ' +
      'simulation cannot replay. Use a client written in JavaScript.',
    exit: 3,
  },
  {
    does: 'a part of the workbench: `#sim`',
    code: greeter({ top: "import '#sim';" }),
    reads:
      'greeter.ts:4 imports #sim, a part of the workbench: a service can import #kit and ' +
      '#chapters.',
    exit: 4,
  },
];

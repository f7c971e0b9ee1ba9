/** A command that a test kills: one live check, of the folders that it is told. */
import { checkLive } from '#verify';

const [broker = '', ...folders] = process.argv.slice(2);
const chapter = '01-producer-consumer';
await checkLive({ root: process.cwd(), chapter, folders, broker, remember: false });

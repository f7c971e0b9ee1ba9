import { exerciseTests } from './exercise-tests.ts';

await exerciseTests('00-first-crash');

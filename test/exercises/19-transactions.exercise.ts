import { exerciseTests } from './exercise-tests.ts';

await exerciseTests('19-transactions');

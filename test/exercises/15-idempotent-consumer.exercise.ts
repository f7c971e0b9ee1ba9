import { exerciseTests } from './exercise-tests.ts';

await exerciseTests('15-idempotent-consumer');

import { exerciseTests } from './exercise-tests.ts';

await exerciseTests('01-producer-consumer');

import { exerciseTests } from './exercise-tests.ts';

await exerciseTests('23-saga-choreography');

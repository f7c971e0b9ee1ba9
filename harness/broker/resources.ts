/** What can have configurations, by Kafka's numbers. */
export const resourceTypes = { topic: 2, broker: 4, clientMetrics: 16 } as const;

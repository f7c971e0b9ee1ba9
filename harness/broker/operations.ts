/** Authorized operations as bit fields: all there are, since nobody is asked who he is. */
export const operations = {
  ofCluster: 8096,
  ofTopic: 3576,
  ofGroup: 328,
  notAsked: -2_147_483_648,
} as const;

/** The codes that errors of Jobs come with, in the order of the way that an Indicator takes. */
export const errorCodes: readonly string[] = [
  'TC-ANSWER',
  'TC-AUTH',
  'TC-GATEWAY',
  'TC-QUERY',
  'TC-READ',
  'MAP-TYPE',
  'MAP-VALUE',
  'AZ-TOKEN',
  'AZ-400',
  'AZ-401',
  'AZ-403',
  'AZ-404',
  'AZ-413',
  'AZ-429',
  'AZ-5XX',
  'AZ-ITEM',
  'NET',
  'RUN-TIME',
  'RUN-DISK',
  'RUN-FAULT',
  'APP-INTERNAL',
];

/** The codes of reading back what Microsoft Sentinel holds, which no Job fails by. */
export const queryCodes: readonly string[] = [
  'AZ-QUERY-400',
  'AZ-QUERY-401',
  'AZ-QUERY-403',
  'AZ-QUERY-404',
  'AZ-QUERY-429',
  'AZ-QUERY-5XX',
  'AZ-QUERY-AUDIENCE',
  'AZ-QUERY-PLAN',
  'AZ-QUERY-SILENT',
  'AZ-QUERY-SIZE',
  'AZ-QUERY-TABLE',
];

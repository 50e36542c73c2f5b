/** Short names for the generated types of the API. */
import type { components } from './types.gen';

type Schemas = components['schemas'];

export type Configure = Schemas['Configure'];
export type ConfigureBody = Schemas['ConfigureBody'];
export type Query = Schemas['Query'];
export type Options = Schemas['Options'];
export type Job = Schemas['Job'];
export type JobPage = Schemas['JobPage'];
export type JobStatus = Job['status'];
export type UpdateMode = Job['mode'];
export type UpdateBody = Schemas['UpdateBody'];
export type UpdateAccepted = Schemas['UpdateAccepted'];
export type ReportedError = Schemas['ReportedError'];
export type ReportedErrorPage = Schemas['ReportedErrorPage'];
export type ReportedIndicator = Schemas['ReportedIndicator'];
export type ReportedEntry = Schemas['ReportedEntry'];
export type ReportedEntryPage = Schemas['ReportedEntryPage'];
export type Task = Schemas['Task'];
export type TaskPage = Schemas['TaskPage'];
export type Health = Schemas['Health'];
export type ErrorReply = Schemas['Error'];
export type FieldMessage = Schemas['FieldError'];
export type IndicatorType = Schemas['IndicatorType'];
export type QueryBody = Schemas['QueryBody'];

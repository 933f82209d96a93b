// The API's types by short names, from `#api`, which `make web` makes of the gateway's OpenAPI document.

import type { components, paths } from '#api';

type Schemas = components['schemas'];

export type BreastConclusion = Schemas['BreastConclusion'];
export type BreastConclusions = Schemas['BreastConclusions'];
export type CaseDetail = Schemas['CaseDetail'];
export type CaseImage = Schemas['CaseImageRead'];
export type CaseReport = Schemas['CaseReportRead'];
export type Conflict = Schemas['ConflictRead'];
export type FilmAxis = Schemas['FilmAxis'];
export type FilmDifference = Schemas['FilmDifference'];
export type Finding = Schemas['Finding'];
export type Box = Schemas['Box'];
export type Hanging = Schemas['Hanging'];
export type ImageExclusion = Schemas['ImageExclusion'];
export type Losses = Schemas['Losses'];
export type Notice = Schemas['Notice'];
export type PictureFacts = Schemas['PictureFacts'];
export type PreviewRead = Schemas['PreviewRead'];
export type PriorExamination = Schemas['PriorExamination'];
export type Progress = Schemas['Progress'];
export type FindingReference = Schemas['FindingReference'];
export type Lesion = Schemas['Lesion'];
export type LesionMark = Schemas['LesionMark'];
export type LesionPlace = Schemas['LesionPlace'];
export type Reads = Schemas['ReadsRead'];
export type Signing = Schemas['CaseReportCreate'];
export type ReadingTogether = Schemas['ReadingRead'];
export type ReaderFinding = Schemas['ReaderFinding'];
export type ReasonRead = Schemas['ReasonRead'];
export type RefusedFilm = Schemas['RefusedFilm'];
/** A film's result as the viewer has it says how much its pixels were stretched to be square; see `viewer/hung.js`. */
export type Result = Omit<Schemas['Result'], 'image'> & { image: Schemas['Result']['image'] & { stretch?: Stretch } };
/** How many pixels of the viewer, which are square, a pixel of the film takes. */
export type Stretch = { across: number; down: number };
export type TissueRegion = Schemas['TissueRegion'];
export type OneChange = Schemas['OneChange'];
export type ReviewChange = Schemas['ReviewChange'];
export type Review = Schemas['Review'];
export type StepProgress = Schemas['StepProgress'];
/** A step as it is shown: before a job exists, nothing fills its sentence. */
export type ShownStep = Omit<StepProgress, 'activity_values'> & Partial<Pick<StepProgress, 'activity_values'>>;
export type SuggestionRead = Schemas['SuggestionRead'];
export type Twin = Schemas['Twin'];
export type Accepted = Schemas['Accepted'];
export type Assessment = Result['assessment'];
export type Verdict = NonNullable<Review['verdict']>;
export type NamedWindow = Schemas['NamedWindow'];
export type Samples = Schemas['Samples'];

declare global {
  /** The sentences of scripts that came with them; see `core/words.js`. */
  var sentences: Record<string, string>;
}

export type Method = 'get' | 'post' | 'put' | 'patch' | 'delete';

/** The addresses of the API that take a method. */
export type PathOf<M extends Method> = { [P in keyof paths]: paths[P][M] extends object ? P : never }[keyof paths] & string;

type Operation<M extends Method, P extends PathOf<M>> = NonNullable<paths[P][M]>;
type Json<A> = A extends { content: { 'application/json': infer B } } ? B : never;
type Good<R> = R[keyof R & (200 | 201 | 202 | 204)];

/** What an operation answers with. */
export type AnswerOf<M extends Method, P extends PathOf<M>> =
  Operation<M, P> extends { responses: infer R } ? Json<Good<R>> : never;

/** What an operation takes as JSON. Each part may be left out: the generator requires those too that have a default. */
export type SendOf<M extends Method, P extends PathOf<M>> =
  Operation<M, P> extends { requestBody?: { content: { 'application/json': infer B } } } ? Partial<B> : never;

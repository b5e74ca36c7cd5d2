// SPDX-License-Identifier: Apache-2.0
// The objects of the API by their short names; the types come from schemas/api/openapi.yaml.
import type { components, operations } from '../gen/api';

type Schemas = components['schemas'];
export type Me = Schemas['Me'];
export type User = Schemas['User'];
export type Inbox = Schemas['Inbox'];
export type Contact = Schemas['Contact'];
export type Identity = Contact['identities'][number];
export type Conversation = Schemas['Conversation'];
export type ConversationState = Conversation['state'];
export type Message = Schemas['Message'];
export type NewMessage = Schemas['NewMessage'];
export type Audience = NonNullable<Message['audience']>;
export type Delivery = NonNullable<Message['delivery']>;
export type Part = Schemas['Part'];
export type StoredFile = Schemas['File'];
export type Event = Schemas['Event'];

type Json<R> = R extends { content: { 'application/json': infer T } } ? T : undefined;
type Success<R> = 200 extends keyof R ? Json<R[200]> : 201 extends keyof R ? Json<R[201]> : undefined;
export type Operation = keyof operations;
/** What an operation answers when it succeeds. */
export type Answer<O extends Operation> = Success<operations[O]['responses']>;
/** What an operation is given as its JSON body. */
export type Body<O extends Operation> = operations[O] extends { requestBody?: infer B }
	? Json<NonNullable<B>>
	: undefined;
/** The query of an operation. */
export type Query<O extends Operation> = operations[O]['parameters'] extends { query?: infer Q }
	? NonNullable<Q>
	: undefined;

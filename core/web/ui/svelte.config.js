// SPDX-License-Identifier: Apache-2.0
// TypeScript in components is only types: the compiler strips them itself.
export default { compilerOptions: { runes: true } };

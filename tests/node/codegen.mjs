// Checks that an ordinary client generator (GraphQL Code Generator) makes a client for every
// operation in documents/ from a running server alone, and that TypeScript accepts the client.
// Used by the Rust tests, or by hand:
//   node tests/node/codegen.mjs http://127.0.0.1:7171

import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { generate } from '@graphql-codegen/cli';
import { Kind, parse } from 'graphql';
import ts from 'typescript';
import { graphqlEndpoint } from './endpoints.mjs';

const HERE = fileURLToPath(new URL('.', import.meta.url));
const DOCUMENTS = `${HERE}documents/`;
/** Neither file is ever written: both live in memory, beside node_modules for its types. */
const CLIENT = `${HERE}client.ts`;
const CONSUMER = `${HERE}consumer.ts`;

/** The names of all operations in documents/. */
function operationNames() {
  return readdirSync(DOCUMENTS)
    .flatMap((file) => parse(readFileSync(DOCUMENTS + file, 'utf8')).definitions)
    .filter(({ kind }) => kind === Kind.OPERATION_DEFINITION)
    .map(({ name }) => name.value);
}

/** The generated client's source; throws where the server's schema does not fit the documents. */
async function generatedClient(endpoint) {
  const config = {
    schema: endpoint,
    documents: `${DOCUMENTS}*.graphql`,
    silent: true,
    generates: {
      [CLIENT]: {
        plugins: ['typescript', 'typescript-operations', 'typed-document-node'],
        config: { scalars: { Time: 'string' }, defaultScalarType: 'unknown' },
      },
    },
  };
  const [{ content }] = await generate(config, false);
  return content;
}

/** A program that uses the client: it compiles only if every operation has a typed document. */
function consumerOf(names) {
  const documents = names.map((name) => `client.${name}Document`).join(', ');
  return [
    `import type { TypedDocumentNode } from '@graphql-typed-document-node/core';`,
    `import * as client from './client';`,
    `export const documents: TypedDocumentNode<any, any>[] = [${documents}];`,
  ].join('\n');
}

/** TypeScript's complaints about sources held in memory. */
function complaints(sources) {
  const options = {
    strict: true,
    noEmit: true,
    types: [],
    target: ts.ScriptTarget.ES2022,
    module: ts.ModuleKind.ESNext,
    moduleResolution: ts.ModuleResolutionKind.Bundler,
  };
  const host = ts.createCompilerHost(options);
  const { fileExists, readFile } = host;
  host.fileExists = (path) => path in sources || fileExists(path);
  host.readFile = (path) => sources[path] ?? readFile(path);
  const program = ts.createProgram(Object.keys(sources), options, host);
  return ts.getPreEmitDiagnostics(program).map(({ file, messageText }) => {
    return `${file?.fileName ?? ''}: ${ts.flattenDiagnosticMessageText(messageText, '\n')}`;
  });
}

const names = operationNames();
const client = await generatedClient(graphqlEndpoint(process.argv[2]));
const found = complaints({ [CLIENT]: client, [CONSUMER]: consumerOf(names) });
for (const complaint of found) console.error(complaint);
console.log(`${names.length} operations, ${found.length} complaints`);
process.exitCode = found.length === 0 ? 0 : 1;

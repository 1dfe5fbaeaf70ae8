// The API as its own description tells it.

import { useEffect, useState } from "preact/hooks";
import { api, type Description } from "../api.ts";
import { Failure, Loading } from "../parts/states.tsx";
import { useWords } from "../words/words.ts";

export function ReferencePage() {
  const words = useWords();
  const [description, setDescription] = useState<Description>();
  const [error, setError] = useState<Error>();
  const load = () => {
    setError(undefined);
    api.description().then(setDescription, setError);
  };
  useEffect(load, []);
  return (
    <>
      <div class="page-head">
        <h1>{words.reference}</h1>
        <p class="summary">
          <span>
            {words.referenceLead} <a href="/api/openapi.json">/api/openapi.json</a>
          </span>
        </p>
      </div>
      {error !== undefined && <Failure error={error} retry={load} />}
      {description === undefined && error === undefined && <Loading />}
      <div class="card operations">
        {Object.entries(description?.paths ?? {}).flatMap(([path, methods]) =>
          Object.entries(methods).map(([method, operation]) => (
            <article key={`${method} ${path}`}>
              <h2>
                <span class="method">{method.toUpperCase()}</span> <code>{path}</code>
              </h2>
              <p>{operation.summary}</p>
              <Parameters parameters={operation.parameters ?? []} />
            </article>
          )),
        )}
      </div>
    </>
  );
}

type Operation = Description["paths"][string][string];

function Parameters({ parameters }: { readonly parameters: NonNullable<Operation["parameters"]> }) {
  if (parameters.length === 0) return null;
  return (
    <dl class="parameters">
      {parameters.map(({ name, required, description }) => (
        <div key={name}>
          <dt>
            <code>{name}</code>
            {required && "*"}
          </dt>
          <dd>{description}</dd>
        </div>
      ))}
    </dl>
  );
}

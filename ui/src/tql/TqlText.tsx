/** TQL to be read, in the colors of the editor. */
import { Fragment, useMemo } from 'react';

import { tokensOf } from './token';
import classes from './TqlText.module.css';

/** Beyond this the text stays plain: nobody reads so far in a table. */
const COLORED_CHARS = 2_000;

export function TqlText({ text }: { text: string }) {
  const tokens = useMemo(() => tokensOf(text.slice(0, COLORED_CHARS)), [text]);
  return (
    <>
      {tokens.map((token, index) => {
        const before = text.slice(tokens[index - 1]?.to ?? 0, token.from);
        return (
          <Fragment key={token.from}>
            {before}
            {token.kind === 'string' ? (
              <bdi className={classes.string}>{token.text}</bdi>
            ) : (
              <span className={classes[token.kind]}>{token.text}</span>
            )}
          </Fragment>
        );
      })}
      {text.slice(tokens.at(-1)?.to ?? 0)}
    </>
  );
}

/** The other side's own words, which are long, and for those who look closer. */
import classes from './FullMessage.module.css';

export function FullMessage({ text }: { text: string }) {
  if (text === '') return null;
  return (
    <details className={classes.reason}>
      <summary>Full error message</summary>
      <div dir="auto">{text}</div>
    </details>
  );
}

/** The code of an error; it leads to what the guide says of its cause and remedy. */
import { guideAddress } from '../lib/guide';
import { Link } from './Link';

export function ErrorCode({ code }: { code: string }) {
  // What is no answer of the App is explained together, whatever its status was.
  const place = /^PAGE-\d+$/.test(code) ? 'codes-of-the-page-and-the-api' : code;
  return (
    <Link
      isMono
      href={guideAddress(`troubleshooting.html#${encodeURIComponent(place)}`)}
      target="_blank"
      rel="noreferrer"
      title="Cause and remedy (in a new tab)"
    >
      {code}
    </Link>
  );
}

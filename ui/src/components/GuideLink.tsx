/** A link to the guide. It opens in a tab of its own, so that nothing of this page is lost. */
import type { ComponentProps } from 'react';

import { guideAddress, remedyPlace } from '../lib/guide';
import { Link } from './Link';

interface GuideLinkProps extends Omit<ComponentProps<typeof Link>, 'href'> {
  /** A page of the guide and a place there, for example `operations.html#jobs`. */
  to: string;
}

export function GuideLink({ to, ...props }: GuideLinkProps) {
  return <Link href={guideAddress(to)} target="_blank" rel="noreferrer" {...props} />;
}

/** Leads from a condition of health to what the guide says of it. */
export function RemedyLink({ code }: { code: string }) {
  const words = 'Cause and remedy';
  return (
    <GuideLink to={remedyPlace(code)} aria-label={`${words}: ${code} (in a new tab)`}>
      {words}
    </GuideLink>
  );
}

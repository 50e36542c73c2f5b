/** The way to an alert in Microsoft's portal, which is another site: nothing of it is loaded here. */
import { VisuallyHidden } from '@mantine/core';

import { webAddress } from '../lib/link';
import classes from './AlertLink.module.css';
import { Icon } from './Icon';
import { Link } from './Link';

interface AlertLinkProps {
  href: string;
  /** What the link reads: an alert's name, or where it leads. */
  children: string;
}

export function AlertLink({ href, children }: AlertLinkProps) {
  const address = webAddress(href);
  if (address === null) return <bdi>{children}</bdi>;
  return (
    <Link href={address} target="_blank" rel="noreferrer" className={classes.link}>
      <bdi>{children}</bdi> <Icon name="external" size={12} />
      <VisuallyHidden>, in a new tab</VisuallyHidden>
    </Link>
  );
}

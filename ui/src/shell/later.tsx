/** Screens whose code comes later, in a file of its own. */
import { Skeleton } from '@mantine/core';
import { useEffect, useState, type ComponentType } from 'react';

type Pages<Name extends string> = Record<Name, ComponentType>;

/** What loads the file, and what makes a screen of a name in it. */
export function laterPages<Name extends string>(fetchPages: () => Promise<Pages<Name>>) {
  let pages: Pages<Name> | undefined;

  const load = async (): Promise<void> => {
    pages = await fetchPages();
  };

  // Once the file is there, a screen is shown at once: `Suspense` would let it wait a third of a
  // second, so that nothing flickers.
  const page = (name: Name): ComponentType =>
    function LaterPage() {
      const [, setIsThere] = useState(pages !== undefined);
      const [error, setError] = useState<Error | null>(null);
      useEffect(() => {
        if (pages !== undefined) return;
        load().then(
          () => setIsThere(true),
          (reason: unknown) => setError(reason instanceof Error ? reason : new Error()),
        );
      }, []);
      if (error !== null) throw error;
      const Page: ComponentType | undefined = pages?.[name];
      return Page === undefined ? <WaitingScreen /> : <Page />;
    };

  return { load, page };
}

function WaitingScreen() {
  return (
    <div role="status" aria-busy="true" aria-label="Loading the screen">
      <Skeleton height={28} width={180} mb="lg" />
      <Skeleton height={240} />
    </div>
  );
}

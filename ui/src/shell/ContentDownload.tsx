/** Offers the content for Sentinel as an ARM template, filled in for this Service. */
import { Button, Title } from '@mantine/core';

import { useContentTemplate } from '../api/content';
import { GuideLink } from '../components/GuideLink';
import { Icon } from '../components/Icon';
import { filledTemplate, TEMPLATE_NAME } from '../lib/content';
import classes from './ContentDownload.module.css';
import { saveFile } from './saveFile';
import { showToast } from './toast';

export interface ContentDownloadProps {
  /** `SourceSystem` of this Service's Indicators. */
  sourceSystem: string;
}

export function ContentDownload({ sourceSystem }: ContentDownloadProps) {
  const template = useContentTemplate();
  const download = () =>
    template.mutate(undefined, {
      onSuccess: (found) => {
        saveFile(TEMPLATE_NAME, 'application/json', filledTemplate(found, sourceSystem));
        showToast({
          tone: 'good',
          title: 'Downloaded',
          text: `${TEMPLATE_NAME}, to be deployed in Azure.`,
        });
      },
    });
  return (
    <section className={classes.content} aria-labelledby="about-content">
      <div>
        <Title order={3} size="sm" id="about-content">
          Sentinel content for this Service
        </Title>
        <div>
          Analytics rules for all types, hunting queries and a workbook for the Indicators of{' '}
          <b>{sourceSystem}</b>, as an ARM template.{' '}
          <GuideLink to="operations.html#sentinel-content">How to deploy it</GuideLink>
        </div>
      </div>
      <Button
        variant="default"
        leftSection={<Icon name="download" />}
        loading={template.isPending}
        onClick={download}
      >
        {TEMPLATE_NAME}
      </Button>
    </section>
  );
}

/** The content for Sentinel that comes with the page. */
import { useMutation } from '@tanstack/react-query';

import { TEMPLATE_NAME, type ContentTemplate } from '../lib/content';
import { getPackaged } from './client';

export function useContentTemplate() {
  return useMutation({
    mutationKey: ['content', 'template'],
    mutationFn: () => getPackaged<ContentTemplate>(`content/${TEMPLATE_NAME}`),
  });
}

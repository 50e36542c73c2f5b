/** The ARM template of the content for Sentinel, filled in for one Service. */

/** The part of the template that is filled in; the rest is passed on as it came. */
export interface ContentTemplate {
  parameters: { sourceSystem: Record<string, unknown> };
}

export const TEMPLATE_NAME = 'azuredeploy.json';

/** The text of the template, with the source system as the default of its parameter. */
export function filledTemplate(template: ContentTemplate, sourceSystem: string): string {
  const { parameters } = template;
  const filled = {
    ...template,
    parameters: {
      ...parameters,
      sourceSystem: { ...parameters.sourceSystem, defaultValue: plain(sourceSystem) },
    },
  };
  return `${JSON.stringify(filled, null, 2)}\n`;
}

/** A template takes a text that begins with a bracket for an expression; a second one stops it. */
function plain(text: string): string {
  return text.startsWith('[') ? `[${text}` : text;
}

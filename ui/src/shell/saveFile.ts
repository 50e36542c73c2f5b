/** Gives the reader a file that was made on the page. */
export function saveFile(name: string, type: string, text: string): void {
  const address = URL.createObjectURL(new Blob([text], { type }));
  const link = document.createElement('a');
  link.href = address;
  link.download = name;
  link.click();
  // Not at once: the browser may read it a little later.
  setTimeout(() => URL.revokeObjectURL(address), 60_000);
}

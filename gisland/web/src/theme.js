/**
 * A colour or font of the style sheet, for what is drawn on the canvas.
 * @param {string} name custom property, without the dashes
 */
export function css(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
}

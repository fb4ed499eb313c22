// node validate.mjs FILE…: what MapLibre's own validator says of each style, as JSON.
import {readFileSync} from 'node:fs';
import {createRequire} from 'node:module';

const require = createRequire(new URL('../../../gisland/web/package.json', import.meta.url));
const {validateStyleMin} = require('@maplibre/maplibre-gl-style-spec');
const told = process.argv.slice(2).map((file) => validateStyleMin(JSON.parse(readFileSync(file, 'utf8'))));
console.log(JSON.stringify(told.map((errors) => errors.map(({message}) => message))));

// Draws the outlines of countries, once, for the maps of the statistics: node outlines.mjs writes them to standard output.
//
// The countries of Natural Earth (public domain), as the package world-atlas brings them, become two drawings: what lies around
// Belarus, and the world. Both are equal in area: no country looks larger than it is. reporting/maps.py reads them.
import { readFileSync } from "node:fs";
import { geoArea, geoCentroid, geoConicEqualArea, geoContains, geoEqualEarth, geoPath } from "d3-geo";
import { iso31661 } from "iso-3166";
import { feature, mergeArcs } from "topojson-client";
import { presimplify, simplify, sphericalTriangleArea } from "topojson-simplify";

const WIDTH = 360; // units of a drawing
const FINE = 5; // of these steps is a unit, in paths
const LEAST = 1; // square units: a part that is smaller is left out, and a country that is smaller is a place alone
const STEP = 0.5; // units between the places that are tried for a figure

// height: of the drawing; detail: square units that the corners of a border have at least; corners: what has to be on it.
const DRAWINGS = {
  near: {
    height: 290,
    detail: 1.3,
    corners: [[-10, 36], [-21, 64], [30, 71], [80, 47], [77, 37], [64, 26], [36, 24]],
    projection: geoConicEqualArea().parallels([34, 62]).rotate([-36, 0]),
  },
  world: {
    height: 154,
    detail: 0.8,
    corners: [[-169, 0], [191, 0], [11, 84], [11, -56]],
    projection: geoEqualEarth().rotate([-11, 0]),
  },
};

// Natural Earth draws who holds a land. Crimea is drawn as part of Ukraine, as the General Assembly of the United Nations has it
// (resolution 68/262 of 2014): it is their practice that organisations of the field follow.
const CRIMEA = [34.2, 45.2];

const CODES = new Map(iso31661.map((country) => [country.numeric, country.alpha2]));
const atlas = presimplify(JSON.parse(readFileSync("node_modules/world-atlas/countries-50m.json", "utf8")), sphericalTriangleArea);

const { geometries } = atlas.objects.countries;
const [russia, ukraine] = ["RU", "UA"].map((code) => geometries.find(({ id }) => CODES.get(id) === code));
const crimea = russia.arcs.find((arcs) => geoContains(feature(atlas, { type: "Polygon", arcs }).geometry, CRIMEA));
russia.arcs = russia.arcs.filter((arcs) => arcs !== crimea);
Object.assign(ukraine, mergeArcs(atlas, [{ ...ukraine }, { type: "Polygon", arcs: crimea }]));

/** A drawing: by code the place of each country's figure and its outline; and the outlines of what has no code. */
function draw({ height, detail, corners, projection }) {
  projection.fitExtent([[1, 1], [WIDTH - 1, height - 1]], { type: "MultiPoint", coordinates: corners });
  const onSphere = detail / projection.scale() ** 2; // in steradians
  const { features } = feature(simplify(atlas, onSphere), atlas.objects.countries);
  const countries = {};
  let others = "";
  for (const { id, geometry } of features.sort((one, other) => geoArea(one) - geoArea(other))) {
    const rings = ringsOf(geometry, projection.clipExtent([[0, 0], [WIDTH, height]]));
    const code = CODES.get(id);
    const path = rings.map(pathOf).join("");
    if (!code) others += path;
    else if (path) countries[code] = [...middleOf(rings[0]), path];
    else if (geoArea(geometry) < 4 * LEAST / projection.scale() ** 2) countries[code] = pointOf(geometry, projection, height);
  }
  const found = Object.entries(countries).filter(([, place]) => place).sort();
  return { height, countries: Object.fromEntries(found), others };
}

/** The rings of a country on the drawing, in steps, the largest first; without what is too small to see. */
function ringsOf(geometry, projection) {
  const rings = [];
  geoPath(projection, {
    moveTo: (...point) => rings.push([point]),
    lineTo: (...point) => rings.at(-1).push(point),
    closePath: () => {},
  })(geometry);
  return rings
    .map((ring) => ring.map((point) => point.map((value) => Math.round(value * FINE))))
    .filter((ring) => areaOf(ring) >= LEAST * FINE ** 2)
    .sort((one, other) => areaOf(other) - areaOf(one));
}

/** Each side of a ring: from a point to the next. */
const sidesOf = (ring) => ring.map((point, at) => [point, ring[(at + 1) % ring.length]]);

const areaOf = (ring) => Math.abs(sidesOf(ring).reduce((sum, [[x, y], [toX, toY]]) => sum + (x * toY - toX * y) / 2, 0));

/** A ring as a path: where it begins, then steps. */
function pathOf(ring) {
  const steps = sidesOf(ring)
    .slice(0, -1)
    .map(([[x, y], [toX, toY]]) => [toX - x, toY - y])
    .filter(([right, down]) => right || down);
  return `M${ring[0].join(" ")}l${steps.flat().join(" ").replaceAll(" -", "-")}z`;
}

/** The middle of the largest circle inside a ring, and its radius, in units: there is room for a figure. */
function middleOf(ring) {
  const sides = sidesOf(ring);
  const [xs, ys] = [0, 1].map((axis) => ring.map((point) => point[axis]));
  let best = [0, 0, -1];
  for (let x = Math.min(...xs); x <= Math.max(...xs); x += STEP * FINE) {
    for (let y = Math.min(...ys); y <= Math.max(...ys); y += STEP * FINE) {
      const room = isInside(sides, x, y) ? Math.min(...sides.map((side) => distance([x, y], side))) : -1;
      if (room > best[2]) best = [x, y, room];
    }
  }
  return best.map((value) => round(value / FINE));
}

function isInside(sides, x, y) {
  const crossed = sides.filter(
    ([[fromX, fromY], [toX, toY]]) => fromY > y !== toY > y && x < ((toX - fromX) * (y - fromY)) / (toY - fromY) + fromX,
  );
  return crossed.length % 2 === 1;
}

function distance([x, y], [[fromX, fromY], [toX, toY]]) {
  const [alongX, alongY] = [toX - fromX, toY - fromY];
  const part = ((x - fromX) * alongX + (y - fromY) * alongY) / (alongX ** 2 + alongY ** 2 || 1);
  const nearest = Math.max(0, Math.min(1, part));
  return Math.hypot(x - fromX - nearest * alongX, y - fromY - nearest * alongY);
}

/** Where a country lies that is too small to see, in units; nothing where that is not on the drawing. */
function pointOf(geometry, projection, height) {
  const [x, y] = projection.clipExtent(null)(geoCentroid(geometry)).map(round);
  return x > 0 && x < WIDTH && y > 0 && y < height ? [x, y] : undefined;
}

function round(value) {
  return Math.round(value * 10) / 10;
}

const drawn = Object.entries(DRAWINGS).map(([name, drawing]) => [name, draw(drawing)]);
const outlines = { width: WIDTH, fine: FINE, drawings: Object.fromEntries(drawn) };
process.stdout.write(`${JSON.stringify(outlines)}\n`);

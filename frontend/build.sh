#!/bin/sh
# Builds static/tutela/, static/vendor/ and reporting/outlines.json from the sources here. Needs Node 20 and npm; the product does not.
set -eu
cd "$(dirname "$0")"
out=../static

npm ci --ignore-scripts --no-audit --no-fund

# The parts of both kits are drawn in their own blue, black and greys in a few places that no setting
# reaches, and one rule points at an image that is not shipped. The colours that can be set are all set in
# scss/_themes.scss, so that neither their own values nor what they fall back to is needed. They say left
# and right where the beginning and the end of a line are meant, which differs in languages written from
# right to left.
npx sass --no-source-map --quiet-deps --style=compressed --load-path=. --load-path=node_modules \
  scss/tutela.scss |
  sed -E -e 's/#1d70b8/var(--teal)/g; s/#0b0c0c/var(--ink)/g; s/#f3f3f3/var(--faint)/g; s/#cecece|#d2e2f1/var(--mist-deep)/g' \
    -e 's/:root\{--govuk-brand-colour[^}]*\}//; s/@media print\{:root\{--govuk-text-colour[^}]*\}\}//' \
    -e 's/(var\(--govuk-[a-z-]+-colour), [^()]*(\([^()]*\))?\)/\1)/g; s/[^{}]+\{[^{}]*url\(images[^{}]*\}//g' \
    -e 's/([{;])(margin|padding|border)-left/\1\2-inline-start/g; s/([{;])left:/\1inset-inline-start:/g' \
    -e 's/([{;])(margin|padding|border)-right/\1\2-inline-end/g; s/([{;])right:/\1inset-inline-end:/g' \
    -e 's/([{;])(margin|padding):([^ ;}()]+) ([^ ;}()]+) ([^ ;}()]+) ([^ ;}()]+)([;}])/\1\2-block:\3 \5;\2-inline:\6 \4\7/g' \
    -e 's/([{;])text-align:left/\1text-align:start/g; s/([{;])text-align:right/\1text-align:end/g' \
    -e 's/([{;])(float|clear):left/\1\2:inline-start/g; s/([{;])(float|clear):right/\1\2:inline-end/g' \
  > "$out/tutela/tutela.css"

npx esbuild js/tutela.js --bundle --minify --format=esm --target=es2020 --legal-comments=none \
  --log-level=warning --outfile="$out/tutela/tutela.js"

# Static file storage refuses a script that names a source map which is not there.
sed '/^\/\/# sourceMappingURL=/d' node_modules/htmx.org/dist/htmx.min.js > "$out/vendor/htmx.min.js"

cp node_modules/htmx.org/LICENSE "$out/vendor/htmx-LICENSE.txt"

node outlines.mjs > ../reporting/outlines.json

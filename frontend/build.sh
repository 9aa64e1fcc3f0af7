#!/bin/sh
# Builds static/tutela/ and static/vendor/ from the sources here. Needs Node 20 and npm; the product does not.
set -eu
cd "$(dirname "$0")"
out=../static

npm ci --ignore-scripts --no-audit --no-fund

# The parts of both kits are drawn in their own blue and black in a few places that no setting
# reaches, and one rule points at an image that is not shipped.
npx sass --no-source-map --quiet-deps --style=compressed --load-path=. --load-path=node_modules \
  scss/tutela.scss |
  sed -E 's/#1d70b8/#0f6268/g; s/#0b0c0c/#14272c/g; s/[^{}]+\{[^{}]*url\(images[^{}]*\}//g' \
  > "$out/tutela/tutela.css"

npx esbuild js/tutela.js --bundle --minify --format=esm --target=es2020 --legal-comments=none \
  --log-level=warning --outfile="$out/tutela/tutela.js"

# Static file storage refuses a script that names a source map which is not there.
sed '/^\/\/# sourceMappingURL=/d' node_modules/htmx.org/dist/htmx.min.js > "$out/vendor/htmx.min.js"

cp node_modules/htmx.org/LICENSE "$out/vendor/htmx-LICENSE.txt"

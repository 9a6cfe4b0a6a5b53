# Build stage: everything that compiling needs, none of which reaches the image.
FROM node:24-bookworm-slim AS build
RUN apt-get update && apt-get install -y --no-install-recommends g++ make python3
WORKDIR /build
# the headers of this very Node lie in the base image: nothing is downloaded for native modules
ENV npm_config_nodedir=/usr/local
COPY package.json package-lock.json .npmrc LICENSE ./
COPY .ci/install .ci/install
RUN bash .ci/install
COPY .build.mjs ./
COPY src src
RUN npm run build
# of the packages only the compiled ones, which are not in dist/, without the sources of SQLite
RUN mkdir -p /runtime/@node-rs && cp -r node_modules/@node-rs/crc32* /runtime/@node-rs/ && \
    cp -r node_modules/better-sqlite3 node_modules/bindings node_modules/file-uri-to-path /runtime/ && \
    cd /runtime/better-sqlite3 && \
    strip --strip-unneeded build/Release/better_sqlite3.node && \
    mv build/Release/better_sqlite3.node /tmp/ && rm -rf build deps src && mkdir -p build/Release && mv /tmp/better_sqlite3.node build/Release/

FROM node:24-bookworm-slim
RUN rm -rf /usr/local/lib/node_modules /usr/local/include /usr/local/bin/npm /usr/local/bin/npx /usr/local/bin/corepack /usr/local/bin/yarn* /opt/yarn* && \
    # any user id works: a named volume takes its mode from here, a mounted disk brings its own
    mkdir -p /var/aetherstore/data /var/aetherstore/objects /etc/aetherstore/secrets && \
    chmod 1777 /var/aetherstore/data /var/aetherstore/objects /etc/aetherstore/secrets
RUN printf '#!/bin/sh\nexec node /opt/aetherstore/dist/aether.js "$@"\n' >/usr/local/bin/aether && chmod 755 /usr/local/bin/aether
COPY --from=build /build/package.json /build/LICENSE /opt/aetherstore/
COPY --from=build /runtime /opt/aetherstore/node_modules
COPY --from=build /build/dist /opt/aetherstore/dist
# more threads for file syncs than Node's four, so that a slow disk leaves some for everything else
ENV NODE_ENV=production UV_THREADPOOL_SIZE=16
USER 10001:10001
WORKDIR /
EXPOSE 42100 42101 9000 9464
HEALTHCHECK --interval=5s --timeout=4s --start-period=30s CMD ["node", "/opt/aetherstore/dist/main.js", "health"]
ENTRYPOINT ["node", "/opt/aetherstore/dist/main.js"]
CMD ["help"]

FROM containerapi-sample/busybox:latest
ENV HOSTNAME=shiyanlou

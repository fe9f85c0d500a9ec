#!/run/phase/busybox sh
# plasmd in a boot image: its parts lie unpacked beside it, and all its processes share them.
export PLASMD_CACHE_DIR=/run/phase/cache
exec /run/phase/bin/plasmd "$@"

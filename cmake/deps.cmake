# The libraries of the design card, each as an imported target. libxml2 joins with plist/.
find_package(PkgConfig REQUIRED)
pkg_check_modules(UV REQUIRED IMPORTED_TARGET libuv>=1.38)
pkg_check_modules(JANSSON REQUIRED IMPORTED_TARGET jansson>=2.10)
# CMake's own module also finds the one of the macOS SDK, which has no .pc file.
find_package(CURL 7.64 REQUIRED)

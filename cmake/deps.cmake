# The libraries of the design card, each as an imported target. libxml2 joins with plist/.
find_package(PkgConfig REQUIRED)
pkg_check_modules(UV REQUIRED IMPORTED_TARGET libuv>=1.38)
pkg_check_modules(JANSSON REQUIRED IMPORTED_TARGET jansson>=2.10)
pkg_check_modules(CURL REQUIRED IMPORTED_TARGET libcurl>=7.64)

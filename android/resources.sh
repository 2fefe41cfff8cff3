#!/bin/sh
# resources.sh MODULE PACKAGE MINSDK TARGET: links the module's resources into TARGET/resources.apk, writes R.java into
# TARGET/generated, their names into TARGET/R.txt, and into TARGET/manifest the manifest with what Gradle adds to it.
set -eu
mkdir -p "$4/generated" "$4/manifest"
sed -e "s/<manifest /<manifest package=\"$2\" /" -e "s#^</manifest>#    <uses-sdk android:minSdkVersion=\"$3\" />\n&#" "$1/src/main/AndroidManifest.xml" >"$4/manifest/AndroidManifest.xml"
aapt2 compile --dir "$1/src/main/res" -o "$4/compiled.zip"
aapt2 link -I "${FRAMEWORK_RES:-/usr/share/android-framework-res/framework-res.apk}" --auto-add-overlay \
  --manifest "$4/manifest/AndroidManifest.xml" --min-sdk-version "$3" --target-sdk-version 35 \
  --java "$4/generated" --output-text-symbols "$4/R.txt" -o "$4/resources.apk" "$4/compiled.zip"

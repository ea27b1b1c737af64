import sharp from 'sharp';

/** What libvips could open beside JPEG, PNG, WebP, GIF and AVIF: the families in sharp's own build, then those of a system's. */
const others = 'Svg Pdf Tiff Uhdr Jp2k Openslide Csv Matrix Vips Raw Jxl Magick Magick7 Openexr Fits Mat Nifti Dcraw Ppm Rad Analyze';
const otherLoaders = others.split(' ').map(family => `VipsForeignLoad${family}`);

// The block is process-wide, and threads start while others decode: blocking all loaders and opening five again would, for that
// moment, refuse good images. What is never blocked has no such moment.
sharp.block({operation: otherLoaders});
sharp.cache(false);
// The pool counts cores; a codec with threads of its own would take them twice.
sharp.concurrency(1);

export {default as sharp} from 'sharp';

; What the cases need of GIMP 2.10, by the names that prelude3.scm gives for GIMP 3.

; GIMP 2.10 wants an address here, GIMP 3 a file.
(define profile (string-append "file://" profile))

(define (load-image file) (car (gimp-file-load RUN-NONINTERACTIVE file file)))
(define (load-layer image file) (car (gimp-file-load-layer RUN-NONINTERACTIVE image file)))
(define (save-image image file)
  (gimp-file-save RUN-NONINTERACTIVE image (car (gimp-image-get-active-drawable image)) file file))
(define save-with-profile save-image)

(define (image-width image) (car (gimp-image-width image)))
(define (image-height image) (car (gimp-image-height image)))
(define (image-type image) (car (gimp-image-base-type image)))
(define (image-layers image) (vector->list (cadr (gimp-image-get-layers image))))
(define (image-channels image) (vector->list (cadr (gimp-image-get-channels image))))
(define (group-layers group) (vector->list (cadr (gimp-item-get-children group))))
(define (new-image width height type precision)
  (car (gimp-image-new-with-precision width height type precision)))

(define (new-layer image width height)
  (car (gimp-layer-new image width height RGB-IMAGE "one" 100 LAYER-MODE-NORMAL)))
(define (new-group image) (car (gimp-layer-group-new image)))
(define (new-text image text) (car (gimp-text-fontname image -1 3 5 text 0 TRUE 12 PIXELS "Sans")))
(define (layer-width layer) (car (gimp-drawable-width layer)))
(define (layer-height layer) (car (gimp-drawable-height layer)))
(define (layer-offsets layer) (gimp-drawable-offsets layer))
(define (mean-value drawable) (car (gimp-drawable-histogram drawable HISTOGRAM-VALUE 0 1)))
(define (select-column image x width height)
  (gimp-image-select-rectangle image CHANNEL-OP-REPLACE x 0 width height))

(define (new-path image points)
  (let ((path (car (gimp-vectors-new image "way"))))
    (gimp-image-insert-vectors image path 0 0)
    (gimp-vectors-stroke-new-from-points path 0 (length points) (list->vector points) FALSE)
    path))
(define (path-points path) (vector->list (cadr (cdr (gimp-vectors-stroke-get-points path 1)))))

; input: 0 as it looks, 1 clean, 2 damaged, 3 heavily damaged
; mode: 0 the whole image, 1 the layer, 2 the layer to a new image. layer: -1 for none
(define (upscale-as input image layer mode model scale width height keep-print-size)
  (car (plug-in-sisr-upscale RUN-NONINTERACTIVE image layer mode model scale width height
                             -1 0 keep-print-size input)))

; With what was chosen last, which in a new profile are the defaults.
(define (upscale-again image)
  (plug-in-sisr-upscale RUN-WITH-LAST-VALS image -1 1 "" 1 0 0 0 0 0 0))

(define (active-layer image) (car (gimp-image-get-active-layer image)))
(define (set-active-layer image layer) (gimp-image-set-active-layer image layer))
(define (float-selection layer) (gimp-selection-float layer 0 0))

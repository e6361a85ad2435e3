; What the cases need of GIMP 3, by the names that prelude2.scm gives for GIMP 2.10.

(define (load-image file) (car (gimp-file-load RUN-NONINTERACTIVE file)))
(define (load-layer image file) (car (gimp-file-load-layer RUN-NONINTERACTIVE image file)))
(define (save-image image file) (gimp-file-save RUN-NONINTERACTIVE image file -1))
(define (save-with-profile image file)
  (file-png-export #:run-mode RUN-NONINTERACTIVE #:image image #:file file
                   #:include-color-profile TRUE))

(define (image-width image) (car (gimp-image-get-width image)))
(define (image-height image) (car (gimp-image-get-height image)))
(define (image-type image) (car (gimp-image-get-base-type image)))
(define (image-layers image) (vector->list (car (gimp-image-get-layers image))))
(define (image-channels image) (vector->list (car (gimp-image-get-channels image))))
(define (group-layers group) (vector->list (car (gimp-item-get-children group))))
(define (new-image width height type precision)
  (car (gimp-image-new-with-precision width height type precision)))

(define (new-layer image width height)
  (car (gimp-layer-new image "one" width height RGB-IMAGE 100 LAYER-MODE-NORMAL)))
(define (new-group image) (car (gimp-group-layer-new image "group")))
(define (new-text image text)
  (car (gimp-text-font image -1 3 5 text 0 TRUE 12 (car (gimp-context-get-font)))))
(define (layer-width layer) (car (gimp-drawable-get-width layer)))
(define (layer-height layer) (car (gimp-drawable-get-height layer)))
(define (layer-offsets layer) (gimp-drawable-get-offsets layer))
(define (mean-value drawable) (car (gimp-drawable-histogram drawable HISTOGRAM-VALUE 0 1)))
(define (select-column image x width height)
  (gimp-image-select-rectangle image CHANNEL-OP-REPLACE x 0 width height))

(define (new-path image points)
  (let ((path (car (gimp-path-new image "way"))))
    (gimp-image-insert-path image path 0 0)
    (gimp-path-stroke-new-from-points path 0 (list->vector points) FALSE)
    path))
(define (path-points path) (vector->list (cadr (gimp-path-stroke-get-points path 1))))

(define (active-layer image) (vector-ref (car (gimp-image-get-selected-layers image)) 0))
(define (set-active-layer image layer) (gimp-image-set-selected-layers image (vector layer)))
(define (float-selection layer) (gimp-selection-float (vector layer) 0 0))

; input: 0 as it looks, 1 clean, 2 damaged, 3 heavily damaged
; mode: 0 the whole image, 1 the layer, 2 the layer to a new image. layer: -1 for none
(define (upscale-as input image layer mode model scale width height keep-print-size)
  (car (plug-in-sisr-upscale
         #:run-mode RUN-NONINTERACTIVE #:image image
         #:drawables (vector (if (= layer -1) (car (image-layers image)) layer))
         #:mode (list-ref '("image" "layer" "new-image") mode)
         #:model model #:scale scale #:width width #:height height
         #:keep-print-size keep-print-size
         #:input-is (list-ref '("auto" "clean" "damaged" "heavy") input))))

; With what was chosen last, which in a new profile are the defaults.
(define (upscale-again image)
  (plug-in-sisr-upscale #:run-mode RUN-WITH-LAST-VALS #:image image
                         #:drawables (vector (car (image-layers image)))))

; The operation as a filter that can be changed and taken away again.
(define (live-filter)
  (run "filter" (lambda ()
    (let* ((image (load-image (in "rgb.png")))
           (layer (car (image-layers image)))
           (filters (lambda () (car (gimp-drawable-get-filters layer))))
           (filter -1))
      (gimp-drawable-append-new-filter layer "sisr:upscale" "" LAYER-MODE-REPLACE 1.0
                                       "scale" 2.0 "model" model)
      (set! filter (vector-ref (filters) 0))
      (describe "filter" image)
      (save-image image (out "filter-before.png"))
      (gimp-drawable-filter-configure filter LAYER-MODE-REPLACE 1.0 "scale" 3.0)
      ; Script-Fu of 3.0.4 sends what was configured only here; that it is there already is an error.
      (message-of (lambda () (gimp-drawable-append-filter layer filter)))
      (save-image image (out "filter-edited.png"))
      (fact "filter" "count" (vector-length (filters)))
      (gimp-drawable-filter-delete filter)
      (fact "filter" "count-after" (vector-length (filters)))
      (describe "filter-removed" image)
      (save-image image (out "filter-removed.png")))))
  (finish))

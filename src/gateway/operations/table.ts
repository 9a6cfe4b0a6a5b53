import type { Operation } from '../../s3/operations.js';
import type { RunOperation } from '../operation.js';
import { abortMultipartUpload } from './abort-multipart-upload.js';
import { completeMultipartUpload } from './complete-multipart-upload.js';
import { copyObject } from './copy-object.js';
import { createBucket } from './create-bucket.js';
import { createMultipartUpload } from './create-multipart-upload.js';
import { deleteBucket } from './delete-bucket.js';
import { deleteObject } from './delete-object.js';
import { deleteObjects } from './delete-objects.js';
import { getBucketLocation } from './get-bucket-location.js';
import { getObject } from './get-object.js';
import { getBucketSetting, getObjectSetting } from './get-setting.js';
import { headBucket } from './head-bucket.js';
import { headObject } from './head-object.js';
import { listBuckets } from './list-buckets.js';
import { listMultipartUploads } from './list-multipart-uploads.js';
import { listObjects, listObjectsV2 } from './list-objects.js';
import { listParts } from './list-parts.js';
import { putObject } from './put-object.js';
import { uploadPart } from './upload-part.js';
import { uploadPartCopy } from './upload-part-copy.js';

/** What each operation does. The compiler asks for the missing one. */
export const operationTable: Record<Operation, RunOperation> = {
  ListBuckets: listBuckets,
  GetBucketLocation: getBucketLocation,
  ListMultipartUploads: listMultipartUploads,
  GetBucketSetting: getBucketSetting,
  ListObjectsV2: listObjectsV2,
  ListObjects: listObjects,
  HeadBucket: headBucket,
  CreateBucket: createBucket,
  DeleteBucket: deleteBucket,
  DeleteObjects: deleteObjects,
  ListParts: listParts,
  GetObjectSetting: getObjectSetting,
  GetObject: getObject,
  HeadObject: headObject,
  UploadPartCopy: uploadPartCopy,
  UploadPart: uploadPart,
  CopyObject: copyObject,
  PutObject: putObject,
  CreateMultipartUpload: createMultipartUpload,
  CompleteMultipartUpload: completeMultipartUpload,
  AbortMultipartUpload: abortMultipartUpload,
  DeleteObject: deleteObject,
};

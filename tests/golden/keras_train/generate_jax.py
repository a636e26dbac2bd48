# Makes the runs jax_*.json and .npz beside it: python generate_jax.py FOLDER (keras==3.15.1, jax, numpy).
# The other runs here come from Keras's TensorFlow backend.
import os, json, sys; os.environ['KERAS_BACKEND']='jax'
import keras, numpy as np
L=keras.layers; O=keras.optimizers; S=O.schedules
out=sys.argv[1]; os.makedirs(out,exist_ok=True)
def mlp(act='tanh',units=1,last=None,**kw):
    return keras.Sequential([keras.Input((5,)),L.Dense(6,activation=act,**kw),L.Dense(units,activation=last)])
def run(name,model,comp,x,y,epochs=3,sw=None,**fit):
    keras.utils.set_random_seed(7)
    rng=np.random.default_rng(5)
    for w in model.weights:
        if 'seed' in w.path: continue
        v=rng.normal(0,.4,w.shape).astype('float32')
        if 'variance' in w.path or 'gamma' in w.path: v=np.abs(v)+.5
        w.assign(v)
    model.compile(**comp)
    arr={}
    ws=[w for w in model.weights if 'seed' not in w.path]
    for i,w in enumerate(ws): arr[f'w_initial_{i}']=np.array(w)
    xs=x if isinstance(x,list) else [x]; ys=y if isinstance(y,list) else [y]
    for i,a in enumerate(xs): arr[f'x{i}']=a
    for i,a in enumerate(ys): arr[f'y{i}']=a
    if sw is not None: arr['sample_weight']=sw
    cfg=json.loads(model.to_json()); cc=model.get_compile_config()
    h=model.fit(x,y,epochs=epochs,batch_size=8,shuffle=False,verbose=0,sample_weight=sw,**fit)
    for i,w in enumerate(ws): arr[f'w_final_{i}']=np.array(w)
    for i,v in enumerate(model.optimizer.variables): arr[f'optimizer_{i}']=np.array(v)
    p=model.predict(x,verbose=0); p=p if isinstance(p,list) else [p]
    for i,a in enumerate(p): arr[f'prediction_{i}']=a[:16]
    ev=model.evaluate(x,y,verbose=0,return_dict=True)
    d=dict(name=name,keras_version=keras.__version__,compile=cc,fit=dict(epochs=epochs,batch_size=8,shuffle=False,**fit),epochs_run=epochs,history={k:[float(a) for a in v] for k,v in h.history.items()},evaluate_after={k:float(v) for k,v in ev.items()},optimizer_variables=[v.path for v in model.optimizer.variables],model=cfg)
    json.dump(d,open(f'{out}/{name}.json','w'),indent=0); np.savez_compressed(f'{out}/{name}.npz',**arr)
    print(name,h.history['loss'])
r=np.random.default_rng(1)
X=r.normal(size=(28,5)).astype('float32'); Y=np.tanh(X[:,:1]-X[:,1:2]*.5).astype('float32'); P=(np.abs(Y)*.8+.1).astype('float32'); B=(Y>0).astype('float32')
C=np.eye(3,dtype='float32')[np.argmax(X[:,:3],1)]; CI=np.argmax(X[:,:3],1).astype('int32'); SW=np.abs(r.normal(size=28)).astype('float32')
kw={'adagrad':O.Adagrad(.05,epsilon=1e-4),'adadelta':O.Adadelta(.5,rho=.9),'adamax':O.Adamax(.02,weight_decay=.01),'nadam':O.Nadam(.01),'lion':O.Lion(.003,weight_decay=.1),
 'ema':O.SGD(.05,use_ema=True,ema_momentum=.8,ema_overwrite_frequency=3),'accumulation':O.Adam(.02,gradient_accumulation_steps=3,clipnorm=.3),
 'nadam_ema_accumulation':O.Nadam(.02,use_ema=True,gradient_accumulation_steps=2,global_clipnorm=.5),
 'piecewise':O.SGD(S.PiecewiseConstantDecay([3,7],[.1,.05,.01])),'polynomial':O.SGD(S.PolynomialDecay(.1,5,.01,power=2.,cycle=True),momentum=.5,nesterov=True),
 'inverse_time':O.RMSprop(S.InverseTimeDecay(.01,3,.5,staircase=True)),'cosine':O.Adam(S.CosineDecay(.001,7,alpha=.1,warmup_target=.02,warmup_steps=4)),
 'restarts':O.SGD(S.CosineDecayRestarts(.1,3,t_mul=2.,m_mul=.9,alpha=.05)),'loss_scale':O.Adam(.01,loss_scale_factor=64.)}
for k,o in kw.items(): run('jax_'+k,mlp(),dict(optimizer=o,loss='mse'),X,Y,epochs=4)
sg=lambda: O.SGD(.05)
ls=keras.losses
for k,(l,last,t) in {'mape':('mape',None,Y+2),'msle':('msle','softplus',P),'log_cosh':('log_cosh',None,Y),'hinge':('hinge','tanh',B),'squared_hinge':('squared_hinge','tanh',B*2-1),'kld':('kl_divergence','sigmoid',P),'poisson':('poisson','softplus',P),
 'bce_smooth':(ls.BinaryCrossentropy(label_smoothing=.1),'sigmoid',B),'focal':(ls.BinaryFocalCrossentropy(apply_class_balancing=True,alpha=.3,gamma=1.5),'sigmoid',B)}.items():
    run('jax_loss_'+k,mlp(last=last),dict(optimizer=sg(),loss=l,metrics=['mse'] if k in('log_cosh','kld') or not isinstance(l,str) else [l],weighted_metrics=['mae']),X,t,sw=SW)
for k,(l,last) in {'cat_hinge':('categorical_hinge','softmax'),'cosine':(ls.CosineSimilarity(),None),'cat_focal':(ls.CategoricalFocalCrossentropy(label_smoothing=.1),'softmax'),'cat_smooth':(ls.CategoricalCrossentropy(from_logits=True,label_smoothing=.2),None)}.items():
    run('jax_loss_'+k,mlp(units=3,last=last),dict(optimizer=sg(),loss=l,metrics=['accuracy','cosine_similarity']),X,C,sw=SW)
run('jax_sparse_ignore',mlp(units=3,last=None),dict(optimizer=sg(),loss=ls.SparseCategoricalCrossentropy(from_logits=True,ignore_class=1),metrics=[keras.metrics.SparseTopKCategoricalAccuracy(k=2)]),X,CI[:,None])
c=keras.constraints; R=keras.regularizers
run('jax_rules',keras.Sequential([keras.Input((5,)),L.Dense(6,activation='relu',kernel_constraint=c.MaxNorm(.8),bias_constraint='non_neg',kernel_regularizer=R.L1L2(.01,.02)),L.Dense(5,kernel_constraint=c.UnitNorm(),kernel_regularizer=R.OrthogonalRegularizer(.05)),L.ActivityRegularization(.01,.02),L.Dense(1,kernel_constraint=c.MinMaxNorm(.2,.6,.7),kernel_regularizer='l1')]),dict(optimizer=sg(),loss='mse'),X,Y,validation_split=.25)
T=r.normal(size=(20,6,4)).astype('float32'); TY=np.tanh(T.sum((1,2)))[:,None].astype('float32')
run('jax_lstm',keras.Sequential([keras.Input((6,4)),L.LSTM(5,return_sequences=True),L.LSTM(3),L.Dense(1)]),dict(optimizer=sg(),loss='mse'),T,TY)
run('jax_gru',keras.Sequential([keras.Input((6,4)),L.Masking(0.),L.Bidirectional(L.GRU(3,return_sequences=True)),L.GRU(3,reset_after=False),L.Dense(1)]),dict(optimizer=sg(),loss='mse'),np.where(np.arange(6)[None,:,None]<(np.arange(20)%5+2)[:,None,None],T,0).astype('float32'),TY)
run('jax_conv1d',keras.Sequential([keras.Input((6,4)),L.Conv1D(5,3,padding='same',activation='relu'),L.MaxPooling1D(2),L.Conv1D(3,2,padding='causal'),L.GlobalAveragePooling1D(),L.Dense(1)]),dict(optimizer=sg(),loss='mse'),T,TY)
I=r.normal(size=(12,6,6,2)).astype('float32'); IY=np.tanh(I.mean((1,2,3))*5)[:,None].astype('float32')
run('jax_conv2d',keras.Sequential([keras.Input((6,6,2)),L.Conv2D(4,3,strides=2,padding='same',activation='relu'),L.BatchNormalization(momentum=.7),L.AveragePooling2D(2,1),L.DepthwiseConv2D(2,padding='same'),L.GlobalMaxPooling2D(),L.Dense(1)]),dict(optimizer=sg(),loss='mse'),I,IY)
i=keras.Input((5,)); d=L.Dense(5,activation='tanh'); b=L.BatchNormalization(momentum=.8); fz=L.Dense(4); fb=L.BatchNormalization(); h=b(d(b(d(i)))); h=L.RMSNormalization()(h); h=fb(fz(h)); m=keras.Model(i,[L.Dense(1,name='a')(h),L.Dense(3,activation='softmax',name='c')(L.GroupNormalization(2)(h))]); fz.trainable=False; fb.trainable=False
run('jax_shared_frozen',m,dict(optimizer=sg(),loss=['mse','sparse_categorical_crossentropy'],metrics=[['mae'],['accuracy']],loss_weights=[1.,.5]),X[:24],[Y[:24],CI[:24]])
q=keras.Input((6,4)); z=L.MultiHeadAttention(2,3)(q,q); z=L.LayerNormalization()(L.Add()([q,z])); run('jax_sequence_loss',keras.Model(q,L.Dense(3,activation='softmax')(z)),dict(optimizer=sg(),loss='sparse_categorical_crossentropy',metrics=['accuracy']),T,(np.argmax(T[:,:,:3],-1)).astype('int32'))
